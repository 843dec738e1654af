// Who may import whom. One table for the boundaries between the parts, then the rules that are
// about libraries and shape. test/architecture.test.ts runs them and also asserts that every
// source file was seen; a part that is missing from the table is an error there too.

/** Everything of ours that a boundary can point at. */
const OURS = '^(src|cli|tui|web|scripts|test|examples|skills)/';

/** The composition root may be several files: app.ts and app-<process>.ts for child processes. */
const ROOT = '^src/app[a-z-]*\\.ts$';

const part = (name) => `^src/${name}/`;
const MODEL = part('model');
const CORE = part('core');
const OPS = part('ops');
const ZONES = part('zones');

const ONLY_MODEL = [MODEL];
const MODEL_AND_CORE = [MODEL, CORE];

/** @type {[name: string, from: string, mayImport: string[], why: string][]} */
const BOUNDARIES = [
  [
    'model',
    MODEL,
    [],
    'The vocabulary every part speaks: if it imported a part, all would depend on it.',
  ],
  [
    'zones',
    ZONES,
    [],
    'Rules of time zones are data with a calendar around them; languages and schedules share them.',
  ],
  [
    'core',
    CORE,
    ONLY_MODEL,
    'The engine is pure functions over the vocabulary; the shell hands it what it needs.',
  ],
  [
    'expr',
    part('expr'),
    [MODEL, ZONES],
    'Languages know values, not workflows, so they can run in any process.',
  ],
  [
    'store',
    part('store'),
    ONLY_MODEL,
    'A store implements a port of the model; a second database must be able to replace it.',
  ],
  ['vault', part('vault'), ONLY_MODEL, 'Whoever handles plain secrets must be readable alone.'],
  [
    'isolate',
    part('isolate'),
    ONLY_MODEL,
    'Starting and ending processes safely must be reviewable alone.',
  ],
  [
    'actions',
    part('actions'),
    ONLY_MODEL,
    'An action sees its ports and parameters, never the engine.',
  ],
  [
    'plugins',
    part('plugins'),
    ONLY_MODEL,
    'A plugin host is one more source of actions behind the same port.',
  ],
  [
    'schedule',
    part('schedule'),
    [MODEL, ZONES],
    'Computing when something is due must not know how it is run.',
  ],
  [
    'notify',
    part('notify'),
    ONLY_MODEL,
    'Who is told must not depend on how he is reached, nor on who has something to tell.',
  ],
  [
    'validate',
    part('validate'),
    MODEL_AND_CORE,
    'Checks use the graph of the core, so they cannot disagree with the engine.',
  ],
  [
    'diagram',
    part('diagram'),
    MODEL_AND_CORE,
    'Pictures are drawn from the graph of the core; they need no running engine.',
  ],
  [
    'runtime',
    part('runtime'),
    MODEL_AND_CORE,
    'The shell drives the core through ports, so any store or action fits.',
  ],
  [
    'ops',
    OPS,
    [MODEL, CORE, part('validate'), part('diagram')],
    'One operation serves every surface; stores and engine reach it through ports.',
  ],
  ['mcp', part('mcp'), [OPS, MODEL], 'A surface is thin: it translates, the operation decides.'],
  ['http', part('http'), [OPS, MODEL], 'A surface is thin: it translates, the operation decides.'],
  [
    'config',
    '^src/(config|settings|settings-file|settings-lists)\\.ts$',
    [MODEL],
    'Settings are read once, before any part exists.',
  ],
  [
    'assets',
    '^src/assets\\.d\\.ts$',
    [],
    'Declares which kinds of files can be embedded, nothing else.',
  ],
  ['log', '^src/log\\.ts$', [MODEL], 'Logging must be usable before and after every part.'],
  [
    'app',
    ROOT,
    ['^src/', '^web/[^/]+\\.html$', '^examples/', '^skills/'],
    'The composition root knows all parts, and embeds the panel, the examples and the skill.',
  ],
  [
    'cli',
    '^cli/',
    [
      ROOT,
      '^src/(config|settings|settings-file|settings-lists|log)\\.ts$',
      OPS,
      MODEL,
      '^tui/',
      '^examples/',
      '^skills/',
      '^package\\.json$',
    ],
    'Commands parse and print; what they do is an operation. `opcode tui` opens the dashboard.',
  ],
  ['tui', '^tui/', [OPS, MODEL], 'The dashboard calls operations like every other surface.'],
  [
    'scripts',
    '^scripts/(?!differential)',
    ['^package\\.json$'],
    'Build scripts must run before, and without, the product.',
  ],
  [
    'differential',
    '^scripts/differential',
    [part('model'), part('expr'), part('schedule'), part('validate'), ZONES],
    'They put pure parts beside their originals; nothing else of the product is needed for that.',
  ],
];

const boundary = ([name, from, mayImport, why]) => ({
  name: `${name}-boundary`,
  severity: 'error',
  comment: why,
  from: { path: from },
  to: { path: OURS, pathNot: [from, ...mayImport] },
});

module.exports = {
  forbidden: [
    ...BOUNDARIES.map(boundary),
    {
      name: 'web-types-only',
      severity: 'error',
      comment:
        'The panel runs in a browser: it may know the shapes of the API, never run our code.',
      from: { path: '^web/' },
      to: { path: '^src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'web-boundary',
      severity: 'error',
      comment: 'The shapes the panel shows are those of the operations and of the vocabulary.',
      from: { path: '^web/' },
      to: { path: OURS, pathNot: ['^web/', OPS, MODEL] },
    },
    {
      name: 'nobody-imports-the-app',
      severity: 'error',
      comment: 'A part that reaches for the composition root has hidden its real dependency.',
      from: { path: '^(src|tui|web)/', pathNot: ROOT },
      to: { path: ROOT },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Files in a circle cannot be understood, tested or replaced one at a time.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-barrels',
      severity: 'error',
      comment:
        'A barrel hides where a thing lives and makes the binary parse what nobody asked for.',
      from: {},
      to: { path: '/index\\.tsx?$', pathNot: 'node_modules' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'An import that resolves to nothing fails only when a user reaches it.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-libraries',
      severity: 'error',
      comment: 'What ships is listed under "dependencies", so that an audit of it means something.',
      from: { path: '^(src|cli|tui|web)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unlisted-libraries',
      severity: 'error',
      comment: 'A library that only another library brought can vanish with any update.',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sqlite-in-one-place',
      severity: 'error',
      comment: 'Another database must be able to replace this one behind the store port.',
      from: { path: '^(src|cli|tui|web)/', pathNot: '^src/store/sqlite/' },
      to: { path: '^bun:sqlite$' },
    },
    {
      name: 'spawning-in-three-places',
      severity: 'error',
      comment:
        'Each child needs a clean environment, limits and a sure end; these places give them.',
      from: {
        path: '^(src|cli|tui|web)/',
        pathNot: ['^src/isolate/', '^src/plugins/', '^src/runtime/compute'],
      },
      to: { path: '^(node:)?(child_process|cluster)$' },
    },
    {
      name: 'pure-parts-do-no-io',
      severity: 'error',
      comment: 'Given the same input these parts must give the same answer, on any machine.',
      from: { path: '^src/(model|core|expr|validate|diagram)/' },
      to: {
        path: '^(node:)?(fs|fs/promises|net|http|https|http2|dns|dns/promises|tls|dgram|os|timers|timers/promises|worker_threads|perf_hooks|process|readline|readline/promises)$',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.json' },
    builtInModules: { add: ['bun', 'bun:ffi', 'bun:jsc', 'bun:sqlite', 'bun:test'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['bun', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
