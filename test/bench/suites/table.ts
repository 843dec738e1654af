/** Every suite, in the order of the table. */
import type { Suite } from '../suite.ts';
import { append } from './append.ts';
import { durable } from './durable.ts';
import { engineAlone } from './engine-alone.ts';
import { expressions } from './expressions.ts';
import { replay } from './replay.ts';
import { seedShapes } from './seed-shapes.ts';

export const SUITES: readonly Suite[] = [
  engineAlone,
  durable,
  append,
  replay,
  seedShapes,
  expressions,
];
