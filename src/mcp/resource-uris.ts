/**
 * Addresses of resources: `opcode://runs/{id}`, `opcode://runs/{id}/diagram`,
 * `opcode://templates/{name}`.
 */

export type ResourceRef =
  | { readonly kind: 'run' | 'diagram'; readonly workflowId: string }
  | { readonly kind: 'template'; readonly name: string };

export const runUri = (workflowId: string): string =>
  `opcode://runs/${encodeURIComponent(workflowId)}`;

export const templateUri = (name: string): string =>
  `opcode://templates/${encodeURIComponent(name)}`;

/** Everything that changes with a run. */
export const runUris = (workflowId: string): readonly string[] => [
  runUri(workflowId),
  `${runUri(workflowId)}/diagram`,
];

/** What an address names, null when it is none of ours. */
export function readUri(uri: string): ResourceRef | null {
  const match = /^opcode:\/\/(runs|templates)\/([^/?#]+)(\/diagram)?$/.exec(uri);
  const [, kind, encoded = '', diagram] = match ?? [];
  if (kind === undefined) return null;
  const name = decoded(encoded);
  if (name === null) return null;
  if (kind === 'runs') return { kind: diagram === undefined ? 'run' : 'diagram', workflowId: name };
  return diagram === undefined ? { kind: 'template', name } : null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no escape: no address of ours.
    return null;
  }
}
