/**
 * The list form: one line per step, nested by guides, columns aligned.
 *
 * For live progress, for screens too small for boxes, and for workflows too large to draw. A step says
 * what it waits for unless that is just the step before it in a sequence.
 */
import {
  type DiagramCluster,
  type DiagramEdge,
  type DiagramIndex,
  type DiagramModel,
  type DiagramNode,
  indexModel,
  TOP_LIST,
} from '../model.ts';
import { cleanText, padTo, shownText, textWidth, truncate, wrapText } from '../text.ts';
import { foldedText, statusWords } from '../words.ts';
import { BOLD, boldColor, DIM, markedLabel, statusColor } from './styles.ts';

interface ListOptions {
  readonly color?: boolean;
  readonly unicode?: boolean;
  /** Columns to keep to; not limited when not given. */
  readonly width?: number;
  /** Continues what is too long on further lines instead of cutting it. */
  readonly wrap?: boolean;
}

interface Guides {
  readonly tee: string;
  readonly last: string;
  readonly bar: string;
  readonly blank: string;
  readonly after: string;
  readonly between: string;
  readonly ellipsis: string;
}

const UNICODE: Guides = {
  tee: '├─ ',
  last: '└─ ',
  bar: '│  ',
  blank: '   ',
  after: '←',
  between: ' · ',
  ellipsis: '…',
};
const PLAIN: Guides = {
  tee: '|- ',
  last: '`- ',
  bar: '|  ',
  blank: '   ',
  after: '<-',
  between: ' - ',
  ellipsis: '~',
};

interface Line {
  readonly guide: string;
  /** The guide of a line that continues this one. */
  readonly below: string;
  readonly name: string;
  readonly nameStyle: string;
  readonly status: string;
  readonly statusStyle: string;
  readonly what: string;
}

interface Form {
  readonly index: DiagramIndex;
  readonly before: ReadonlyMap<string, readonly DiagramEdge[]>;
  readonly nodes: ReadonlyMap<string, DiagramNode>;
  readonly guides: Guides;
  readonly unicode: boolean;
  readonly lines: Line[];
}

/** Names are padded to at most this many columns, so that one deep step does not push all aside. */
const MAX_NAME_COLUMNS = 40;

/** The model as an indented list, one line per step and nested list. */
export function listForm(model: DiagramModel, options: ListOptions = {}): string[] {
  const unicode = options.unicode ?? true;
  const inner = model.edges.filter((edge) => edge.kind !== 'branch');
  const form: Form = {
    index: indexModel(model),
    before: Map.groupBy(inner, (edge) => edge.to),
    nodes: new Map(model.nodes.map((node) => [node.path, node])),
    guides: unicode ? UNICODE : PLAIN,
    unicode,
    lines: [],
  };
  addSteps(form, TOP_LIST, '', true);
  for (const hook of form.index.hooks) {
    form.lines.push(headingLine(`${hook.label}:`, '', ''));
    addSteps(form, hook.path, '', false);
  }
  const lines = renderLines(form, options);
  if (model.title === null) return lines;
  const title = truncate(cleanText(model.title), options.width ?? Number.POSITIVE_INFINITY);
  return [paint(title, BOLD, options.color ?? false), ...lines];
}

function addSteps(form: Form, list: string, indent: string, isTop: boolean): void {
  const nodes = form.index.nodesIn.get(list) ?? [];
  for (const [i, node] of nodes.entries()) {
    const isLast = i === nodes.length - 1;
    const { tee, last, bar, blank } = form.guides;
    const guide = isTop ? '' : indent + (isLast ? last : tee);
    const below = isTop ? '' : indent + (isLast ? blank : bar);
    const clusters = form.index.clustersOf.get(node.path) ?? [];
    const own = clusters.length > 0 ? below + bar : below;
    form.lines.push(stepLine(form, node, { guide, below: own }));
    addClusters(form, clusters, below);
  }
}

function addClusters(form: Form, clusters: readonly DiagramCluster[], indent: string): void {
  const [only] = clusters;
  if (clusters.length === 1 && only?.kind === 'body') {
    addSteps(form, only.path, indent, false);
    return;
  }
  for (const [i, cluster] of clusters.entries()) {
    const isLast = i === clusters.length - 1;
    const { tee, last, bar, blank } = form.guides;
    const below = indent + (isLast ? blank : bar);
    const isEmpty = (form.index.nodesIn.get(cluster.path) ?? []).length === 0;
    const label = isEmpty ? `${cluster.label}: (nothing)` : `${cluster.label}:`;
    form.lines.push(headingLine(label, indent + (isLast ? last : tee), below));
    addSteps(form, cluster.path, below, false);
  }
}

function headingLine(label: string, guide: string, below: string): Line {
  const name = cleanText(label);
  return { guide, below, name, nameStyle: DIM, status: '', statusStyle: '', what: '' };
}

function stepLine(form: Form, node: DiagramNode, guides: Pick<Line, 'guide' | 'below'>): Line {
  const guards = node.notes.filter((note) => note.kind === 'guard').map((note) => note.text);
  const choices = node.notes.filter((note) => note.kind === 'choice').map((note) => note.text);
  const parts = [
    node.summary,
    choices.join(' | '),
    ...guards,
    node.folded === undefined ? '' : foldedText(node.folded),
    waitsFor(form, node),
  ];
  return {
    ...guides,
    name: markedLabel(node, shownText(node.label, form.unicode), form.unicode),
    nameStyle: boldColor(node.status),
    status: statusWords(node) ?? '',
    statusStyle: statusColor(node.status),
    what: shownText(parts.filter((part) => part !== '').join(form.guides.between), form.unicode),
  };
}

function waitsFor(form: Form, node: DiagramNode): string {
  const edges = form.before.get(node.path) ?? [];
  const [only] = edges;
  if (only === undefined || (edges.length === 1 && only.kind === 'order')) return '';
  const names = edges.map((edge) => {
    const name = cleanText(form.nodes.get(edge.from)?.label ?? edge.from);
    return edge.kind === 'fallback' ? `failure of ${name}` : name;
  });
  return `${form.guides.after} ${names.join(', ')}`;
}

interface Columns {
  readonly name: number;
  readonly status: number;
  readonly width: number;
}

function renderLines(form: Form, options: ListOptions): string[] {
  const steps = form.lines.filter((line) => line.what !== '' || line.status !== '');
  const nameOf = (line: Line): number => textWidth(line.guide) + textWidth(line.name);
  const columns: Columns = {
    name: Math.min(
      MAX_NAME_COLUMNS,
      steps.reduce((most, line) => Math.max(most, nameOf(line)), 0),
    ),
    status: steps.reduce((most, line) => Math.max(most, textWidth(line.status)), 0),
    width: options.width ?? Number.POSITIVE_INFINITY,
  };
  return form.lines.flatMap((line) => renderLine(line, columns, form.guides.ellipsis, options));
}

function renderLine(
  line: Line,
  columns: Columns,
  ellipsis: string,
  options: ListOptions,
): string[] {
  const color = options.color ?? false;
  const name = truncate(line.name, Math.max(4, columns.width - textWidth(line.guide)), ellipsis);
  const head = paint(line.guide, DIM, color) + paint(name, line.nameStyle, color);
  const used = textWidth(line.guide) + textWidth(name);
  const gap = ' '.repeat(Math.max(0, columns.name - used) + 2);
  const status = columns.status === 0 ? '' : `${padTo(line.status, columns.status)}  `;
  const start = used + gap.length + textWidth(status);
  const room = columns.width - start;
  const maxLines = options.wrap === true ? Number.POSITIVE_INFINITY : 1;
  const [what = '', ...more] = room < 4 ? [] : wrapText(line.what, room, maxLines, ellipsis);
  const tail = paint(status, line.statusStyle, color) + paint(what, DIM, color);
  const first = `${line.status}${what}` === '' ? head : (head + gap + tail).trimEnd();
  const below = padTo(line.below, start);
  return [first, ...more.map((text) => paint(below + text, DIM, color))];
}

const paint = (text: string, style: string, color: boolean): string =>
  !color || style === '' || text === '' ? text : `\x1b[${style}m${text}\x1b[0m`;
