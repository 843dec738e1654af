/**
 * How the six tools are called: `opcode.run` where dots are understood, `opcode_run` elsewhere. Calls
 * are accepted in every spelling, also without the prefix.
 */

export const TOOLS = ['run', 'status', 'signal', 'define', 'query', 'diagram'] as const;
export type ToolName = (typeof TOOLS)[number];
export type Spelling = 'dots' | 'underscores';

/** A tool's name as a session lists it. */
export const spelled = (name: string, spelling: Spelling): string =>
  `opcode${spelling === 'dots' ? '.' : '_'}${name}`;

/** The tool that a name means, null when there is none. */
export function toolNamed(name: string): ToolName | null {
  const bare = name.replace(/^opcode[._]/, '');
  return TOOLS.find((tool) => tool === bare) ?? null;
}
