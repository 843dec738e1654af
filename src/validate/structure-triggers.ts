/**
 * The shape of a template's `triggers`. What its texts mean is checked where they are applied.
 */
import {
  duration,
  type Field,
  flag,
  listOf,
  name,
  neverAbsent,
  nonEmpty,
  object,
  oneOf,
  type Reader,
  shapeOf,
  someJson,
  whole,
} from './fields.ts';

const field = (read: Reader): Field => ({ read });
const required = (read: Reader, what: string): Field => ({ read, required: what });

const CRON = shapeOf('a cron trigger', {
  name: field(name),
  expression: required(name, 'when it fires'),
  timezone: field(name),
  params: field(object),
  version: field(nonEmpty(someJson)),
  agent_id: field(name),
  enabled: field(flag),
  overlap: field(oneOf(['skip', 'queue', 'cancel_running', 'allow'])),
  catch_up: field(nonEmpty(someJson)),
  jitter: field(duration),
  pause_after: field(whole(1)),
});

const WEBHOOK = shapeOf('a webhook trigger', {
  name: required(name, 'its address'),
  secret: required(neverAbsent(name), 'names the secret that signs requests'),
  form: field(oneOf(['opcode', 'forge'])),
  equal_bodies: field(flag),
});

export const readTriggers: Reader = shapeOf('triggers', {
  cron: field(listOf(CRON)),
  webhook: field(listOf(WEBHOOK)),
});
