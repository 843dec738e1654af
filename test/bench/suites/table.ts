/** Every suite, in the order of the table. */
import type { Suite } from '../suite.ts';
import { append } from './append.ts';
import { daemonSuite } from './daemon.ts';
import { diagrams } from './diagrams.ts';
import { durable } from './durable.ts';
import { engineAlone } from './engine-alone.ts';
import { expressions } from './expressions.ts';
import { masking } from './masking.ts';
import { parked } from './parked.ts';
import { queries } from './queries.ts';
import { recoverySuite } from './recovery.ts';
import { replay } from './replay.ts';
import { seedShapes } from './seed-shapes.ts';
import { startUp } from './start-up.ts';

export const SUITES: readonly Suite[] = [
  engineAlone,
  durable,
  append,
  replay,
  seedShapes,
  expressions,
  masking,
  recoverySuite,
  startUp,
  diagrams,
  queries,
  parked,
  daemonSuite,
];
