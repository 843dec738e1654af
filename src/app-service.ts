/** The daemon as a service of systemd; loaded only when there is a socket to tell it. */
import { createServiceNotify, type ServiceNotify } from './isolate/service-notify.ts';
import type { Logger } from './model/ports.ts';

export type { ServiceNotify };

/** Tells systemd what it asked for in the environment; problems are logged. */
export const openServiceNotify = (
  env: Readonly<Record<string, string | undefined>>,
  log: Logger,
): ServiceNotify => createServiceNotify(env, (problem) => log.warn(problem));
