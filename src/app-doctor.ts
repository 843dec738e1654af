/**
 * What `opcode doctor` looks at, in order. Nothing is changed, and one thing that cannot be looked at
 * does not keep the others from being: it works when nothing else does.
 */
import { existsSync } from 'node:fs';
import { lookAtAccess, lookAtDaemon, lookAtMcp, lookAtPort } from './app-doctor-daemon.ts';
import { lookAtDefinitions } from './app-doctor-definitions.ts';
import { lookAtDatabase, lookAtDisk, lookAtFiles, lookAtRuns } from './app-doctor-files.ts';
import type { Finding } from './app-doctor-finding.ts';
import { lookAtNotices } from './app-doctor-notices.ts';
import { lookAtSchedules } from './app-doctor-schedules.ts';
import { lookAtWebhooks } from './app-doctor-webhooks.ts';
import { programVersion } from './app-parts.ts';
import { chooseZones, zoneFacts } from './app-zones.ts';
import type { Config, ConfigToLook } from './config.ts';
import { describeLimits, findLimitTools } from './isolate/limits.ts';
import { AppError, messageOf } from './model/error.ts';
import { isJsonArray, isJsonObject } from './model/json.ts';
import { compareReleases } from './model/zone-rules.ts';
import { bundledZones, systemZones } from './zones/source.ts';

type Look = (config: Config) => readonly Finding[] | Promise<readonly Finding[]>;

const LOOKS: readonly (readonly [area: string, look: Look])[] = [
  ['program', lookAtProgram],
  ['clock', lookAtClock],
  ['time zones', lookAtZones],
  ['files', lookAtFiles],
  ['disk', lookAtDisk],
  ['database', lookAtDatabase],
  ['runs', lookAtRuns],
  ['templates', lookAtDefinitions],
  ['daemon', lookAtDaemon],
  ['port', lookAtPort],
  ['mcp', lookAtMcp],
  ['access', lookAtAccess],
  ['notices', lookAtNotices],
  ['schedules', lookAtSchedules],
  ['webhooks', lookAtWebhooks],
  ['isolation', lookAtIsolation],
];

/** Looks at everything; each finding is handed out as it is made. */
export async function examine(
  { config, problem }: ConfigToLook,
  onFinding: (finding: Finding) => void,
): Promise<void> {
  for (const finding of lookAtSettings(config, problem)) onFinding(finding);
  for (const [area, look] of LOOKS) {
    try {
      for (const finding of await look(config)) onFinding(finding);
    } catch (thrown) {
      const hint = thrown instanceof AppError ? thrown.hint : undefined;
      const text = messageOf(thrown);
      onFinding({ area, level: 'fail', text, ...(hint === undefined ? {} : { hint }) });
    }
  }
}

function lookAtSettings({ settingsPath }: Config, problem: AppError | null): Finding[] {
  if (problem === null) {
    const where = existsSync(settingsPath) ? `${settingsPath} and the environment` : 'defaults';
    return [{ area: 'settings', level: 'ok', text: `${where} can be used` }];
  }
  const hint = 'the rest of this look goes on with the default in its place';
  return placedIssues(problem).map((text) => ({ area: 'settings', level: 'fail', text, hint }));
}

/** Each issue with its line and column, where it has one. */
function placedIssues({ message, details }: AppError): string[] {
  const issues = isJsonObject(details) && isJsonArray(details.issues) ? details.issues : [];
  const texts = issues.filter(isJsonObject).map(({ path, message: what, line, column }) => {
    const place = line === undefined ? '' : ` (line ${String(line)}, column ${String(column)})`;
    return `${String(path)}: ${String(what)}${place}`;
  });
  return texts.length === 0 ? [message] : texts;
}

function lookAtProgram(): Finding[] {
  const where = `${process.platform} ${process.arch}`;
  return [{ area: 'program', level: 'ok', text: `opcode ${programVersion()} on ${where}` }];
}

/** Before this program was written. */
const LEAST_YEAR = 2025;
const MEASURED_MS = 100;
const TOLERATED_MS = 50;

/** Reads of the two clocks, of which the quickest counts: a busy machine interrupts between them. */
const READS = 20;

/** Milliseconds by which the wall clock is ahead of the steady one. */
export function clockGap(wall: () => number, steady: () => number): number {
  let quickest = Number.POSITIVE_INFINITY;
  let gap = 0;
  for (let i = 0; i < READS; i++) {
    const began = steady();
    const now = wall();
    const took = steady() - began;
    if (took >= quickest) continue;
    quickest = took;
    gap = now - began - took / 2;
  }
  return gap;
}

async function lookAtClock(): Promise<Finding[]> {
  const before = clockGap(Date.now, () => performance.now());
  await new Promise((resolve) => setTimeout(resolve, MEASURED_MS));
  const drift = Math.abs(clockGap(Date.now, () => performance.now()) - before);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const text = `${new Date().toISOString()}, time zone ${zone}`;
  if (new Date().getFullYear() < LEAST_YEAR) {
    const hint = 'set the clock: schedules and retention go by it';
    return [{ area: 'clock', level: 'fail', text: `it is set to ${text}`, hint }];
  }
  if (drift > TOLERATED_MS) {
    const hint = 'schedules follow the wall clock; durations are measured apart from it';
    return [
      { area: 'clock', level: 'warn', text: `the wall clock jumped ${drift.toFixed(0)}ms`, hint },
    ];
  }
  return [{ area: 'clock', level: 'ok', text }];
}

/** Which rules of time zones count, and whether the other ones are newer. */
function lookAtZones({ settings }: Config): Finding[] {
  chooseZones(settings['time.zones']);
  const { source, release } = zoneFacts();
  const text = `IANA ${release} (${source === 'bundled' ? 'inside the program' : 'of this system'})`;
  const other = source === 'bundled' ? systemZones()?.release : bundledZones().release;
  if (other === undefined || (compareReleases(other, release) ?? 0) <= 0) {
    return [{ area: 'time zones', level: 'ok', text }];
  }
  const hint =
    source === 'bundled'
      ? `this system has ${other}: set time.zones to system to go by it, or update Opcode`
      : `the program holds ${other}: set time.zones to bundled, or update the system's tzdata`;
  return [{ area: 'time zones', level: 'warn', text, hint }];
}

const LIMITS = { memoryBytes: 'memory', cpu: 'cpu', pids: 'pids', network: 'network' } as const;

function lookAtIsolation(): Finding[] {
  const kept = describeLimits(findLimitTools());
  const names = Object.keys(LIMITS) as (keyof typeof LIMITS)[];
  const inForce = names.filter((name) => kept[name] !== null);
  const missing = names.filter((name) => kept[name] === null);
  const text = inForce.map((name) => `${LIMITS[name]} by ${kept[name]}`);
  const findings: Finding[] = [
    { area: 'isolation', level: 'ok', text: ['own process group', ...text].join(', ') },
  ];
  if (missing.length > 0) {
    findings.push({
      area: 'isolation',
      level: 'warn',
      text: `no limit on ${missing.map((name) => LIMITS[name]).join(', ')}`,
      hint: 'steps that demand such a limit fail with ISOLATION_ERROR; run under systemd, or as a user who may make cgroups',
    });
  }
  return findings;
}
