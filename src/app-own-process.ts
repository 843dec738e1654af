/** What every process of this program does first: its secrets leave the environment, others stay outside. */
import {
  type Environment,
  exposedBecause,
  shieldProcess,
  takeSecrets,
} from './isolate/own-process.ts';

/** The environment as the process was started; its secrets are from now on only in memory. */
export function prepareOwnProcess(environment: Record<string, string | undefined>): Environment {
  const taken = takeSecrets(environment);
  shieldProcess();
  return taken;
}

/** Why /proc still shows secrets that this process was started with, or null. */
export const whyExposed = (): string | null => exposedBecause();
