/**
 * How the six tools are called: `opcode.run` where dots are understood, `opcode_run` elsewhere, `run` for
 * clients that put the server's name in front by themselves. Calls are accepted in every spelling.
 */

export const TOOLS = ['run', 'status', 'signal', 'define', 'query', 'diagram'] as const;
export type ToolName = (typeof TOOLS)[number];
export const SPELLINGS = ['dots', 'underscores', 'plain'] as const;
export type Spelling = (typeof SPELLINGS)[number];

const PREFIXES: Readonly<Record<Spelling, string>> = {
  dots: 'opcode.',
  underscores: 'opcode_',
  plain: '',
};

/** A tool's name as a session lists it. */
export const spelled = (name: string, spelling: Spelling): string => `${PREFIXES[spelling]}${name}`;

/** The tool that a name means, null when there is none. */
export function toolNamed(name: string): ToolName | null {
  const bare = name.replace(/^opcode[._]/, '');
  return TOOLS.find((tool) => tool === bare) ?? null;
}
