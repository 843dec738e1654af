/**
 * The table of commands: name, one line, group, and where it is loaded from when it is asked for.
 */
import type { CommandModule } from './command.ts';
import { NOT_STARTED } from './exit.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly group: string;
  readonly load: () => Promise<CommandModule>;
  /** The exit code of its own failures, where others could be those of what it runs. */
  readonly ownFailure?: number;
}

const WORK = 'Workflows:';
const RUNS = 'Runs:';
const LOOK = 'Looking:';
const SERVE = 'Serving:';
const KEEP = 'Upkeep:';
const MORE = 'More:';

const entry = (
  group: string,
  name: string,
  summary: string,
  load: () => Promise<CommandModule>,
): CommandEntry => ({ group, name, summary, load });

/** Every command, in the order in which help lists it. */
export const COMMANDS: readonly CommandEntry[] = [
  entry(WORK, 'run', 'Run a template or a workflow file', () => import('./commands/run.ts')),
  {
    ...entry(
      WORK,
      'exec',
      'Run one command, durable and logged',
      () => import('./commands/exec.ts'),
    ),
    ownFailure: NOT_STARTED,
  },
  entry(
    WORK,
    'define',
    'Register workflow files as templates',
    () => import('./commands/define.ts'),
  ),
  entry(
    WORK,
    'validate',
    'Find the problems in workflow files',
    () => import('./commands/validate.ts'),
  ),
  entry(
    WORK,
    'schema',
    'Print the JSON Schema of a workflow file',
    () => import('./commands/schema.ts'),
  ),
  entry(WORK, 'examples', 'List, copy or run the examples', () => import('./commands/examples.ts')),

  entry(RUNS, 'decide', 'Answer a decision', () => import('./commands/decide.ts')),
  entry(RUNS, 'reject', 'Reject a decision: its step fails', () => import('./commands/reject.ts')),
  entry(RUNS, 'cancel', 'Cancel a run, or one waiting step', () => import('./commands/cancel.ts')),
  entry(RUNS, 'retry', 'Try a failed run again', () => import('./commands/retry.ts')),
  entry(RUNS, 'skip', 'Go on without a step', () => import('./commands/skip.ts')),
  entry(RUNS, 'pause', 'Start nothing new in a run', () => import('./commands/pause.ts')),
  entry(RUNS, 'resume', 'Go on with a paused run', () => import('./commands/resume.ts')),
  entry(RUNS, 'signal', 'Send any signal to a run', () => import('./commands/signal.ts')),
  entry(RUNS, 'rerun', 'Run again with the same inputs', () => import('./commands/rerun.ts')),
  entry(RUNS, 'recover', 'Continue what was interrupted', () => import('./commands/recover.ts')),

  entry(
    LOOK,
    'status',
    'What runs, waits and failed; or one run',
    () => import('./commands/status.ts'),
  ),
  entry(LOOK, 'logs', 'What the steps of a run printed', () => import('./commands/logs.ts')),
  entry(LOOK, 'events', 'The event log of a run', () => import('./commands/events.ts')),
  entry(LOOK, 'query', 'List runs, templates, decisions, …', () => import('./commands/query.ts')),
  entry(LOOK, 'diagram', 'Draw a workflow or a run', () => import('./commands/diagram.ts')),

  entry(SERVE, 'serve', 'Run the daemon: MCP over HTTP', () => import('./commands/serve.ts')),
  entry(
    SERVE,
    'restart',
    'Start this version in place of the daemon',
    () => import('./commands/restart.ts'),
  ),
  entry(SERVE, 'stop', 'Stop the daemon', () => import('./commands/stop.ts')),
  entry(SERVE, 'token', 'Who may come in over the network', () => import('./commands/token.ts')),
  entry(SERVE, 'agent', 'The agents that were here', () => import('./commands/agent.ts')),
  entry(SERVE, 'notify', 'Who is told of what', () => import('./commands/notify.ts')),
  entry(
    SERVE,
    'schedule',
    'Start templates at given times',
    () => import('./commands/schedule.ts'),
  ),
  entry(SERVE, 'mcp', 'Speak MCP on stdin and stdout', () => import('./commands/mcp.ts')),

  entry(
    KEEP,
    'doctor',
    'Look at everything that has to be right',
    () => import('./commands/doctor.ts'),
  ),
  entry(
    KEEP,
    'settings',
    'Every setting and where it comes from',
    () => import('./commands/settings.ts'),
  ),
  entry(KEEP, 'backup', 'Copy the database while runs go on', () => import('./commands/backup.ts')),
  entry(KEEP, 'restore', 'Go back to a backup', () => import('./commands/restore.ts')),
  entry(KEEP, 'verify', 'Check the database and every log', () => import('./commands/verify.ts')),
  entry(KEEP, 'gc', 'Remove old runs, shrink the database', () => import('./commands/gc.ts')),

  entry(
    MORE,
    'completion',
    'Complete words in your shell',
    () => import('./commands/completion.ts'),
  ),
  entry(MORE, 'version', 'Print the version', () => import('./commands/version.ts')),
];
