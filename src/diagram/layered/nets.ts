/**
 * Edges gathered into nets, so that lines which mean the same are drawn as one.
 *
 * A net joins every one of its sources with every one of its targets, and nothing else: where lines
 * meet, all of them are meant. Each edge is in exactly one net.
 */

/** An edge between two vertices of one list, by index. */
export interface Link {
  readonly from: number;
  readonly to: number;
  readonly dashed: boolean;
}

export interface Net {
  readonly sources: readonly number[];
  readonly targets: readonly number[];
  readonly dashed: boolean;
}

/** Partitions the links into few nets, larger ones first chosen. */
export function groupNets(links: readonly Link[]): Net[] {
  const nets: Net[] = [];
  let open = [...links];
  while (open.length > 0) {
    const candidates = [...groupBySide(open, 'from'), ...groupBySide(open, 'to')];
    candidates.sort((a, b) => b.links.length - a.links.length);
    const taken = new Set<Link>();
    for (const group of candidates) {
      if (group.links.some((link) => taken.has(link))) continue;
      for (const link of group.links) taken.add(link);
      nets.push(netOf(group.links));
    }
    open = open.filter((link) => !taken.has(link));
  }
  return nets;
}

interface Group {
  readonly links: Link[];
}

/** Groups the vertices of one side whose opposite ends are the same set. */
function groupBySide(links: readonly Link[], side: 'from' | 'to'): Group[] {
  const other = side === 'from' ? 'to' : 'from';
  const byVertex = Map.groupBy(links, (link) => `${link.dashed} ${link[side]}`);
  const groups = new Map<string, Link[]>();
  for (const list of byVertex.values()) {
    const ends = list.map((link) => link[other]).sort((a, b) => a - b);
    const key = `${list[0]?.dashed} ${ends.join(',')}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [...list]);
    else group.push(...list);
  }
  return Array.from(groups.values(), (group) => ({ links: group }));
}

function netOf(links: readonly Link[]): Net {
  return {
    sources: [...new Set(links.map((link) => link.from))],
    targets: [...new Set(links.map((link) => link.to))],
    dashed: links[0]?.dashed ?? false,
  };
}
