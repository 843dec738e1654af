/**
 * The composition root: opens every part in order and hands the operations out. The only file that
 * knows all parts.
 *
 * Whatever is opened here is closed by `close()`, in reverse order.
 */
import { checkParams } from './actions/check-params.ts';
import { createEgressPolicy } from './actions/egress.ts';
import { builtinActions, createActionRegistry } from './actions/registry.ts';
import { closeAudit, openAudit } from './app-access.ts';
import { ringDaemons } from './app-handover.ts';
import { meteredParts } from './app-metrics.ts';
import { createNotify, type Notify } from './app-notify.ts';
import { computePool, pathRules, programVersion, RANDOMNESS } from './app-parts.ts';
import { schedulesOf } from './app-schedule.ts';
import { digestOf, logMask, ownSecrets } from './app-secrets.ts';
import { createUpkeepDeps } from './app-upkeep.ts';
import { chooseZones } from './app-zones.ts';
import type { Config } from './config.ts';
import { DEFAULT_ENGINE_LIMITS } from './core/context.ts';
import { compilePlan } from './core/graph.ts';
import { createExpressionCompiler } from './expr/compiler.ts';
import { createEngineAction } from './expr/engine-action.ts';
import { createExpressionEvaluator } from './expr/evaluator.ts';
import { splitText } from './expr/lexer.ts';
import type { Meter } from './http/metrics-meter.ts';
import { createCommandRunner } from './isolate/command-runner.ts';
import { createMasker } from './isolate/mask.ts';
import { isAlive, ownIdentity } from './isolate/process-info.ts';
import { createProcessControl } from './isolate/recorded.ts';
import { quoteHoles, reviewArguments, reviewShellText } from './isolate/shell-text.ts';
import { createStreamMasker } from './isolate/stream-mask.ts';
import { createLogger } from './log.ts';
import type { ActionRegistry } from './model/action.ts';
import type { Engine } from './model/engine.ts';
import { AppError } from './model/error.ts';
import { asNodeId } from './model/ids.ts';
import type { Issue } from './model/issue.ts';
import type { OutboxOf } from './model/notice-store.ts';
import type { Logger, ProcessControl, SecretSource } from './model/ports.ts';
import type { Store } from './model/store.ts';
import { createChildStarter } from './ops/children.ts';
import { createOps } from './ops/create-ops.ts';
import type { OpsDeps } from './ops/deps.ts';
import { createClock } from './runtime/clock.ts';
import { DEFAULT_RUNTIME_CONFIG, type RuntimeConfig } from './runtime/deps.ts';
import { createEngine } from './runtime/engine.ts';
import { createCalculator } from './schedule/calculator.ts';
import { openSqliteStore, openSqliteStoreToLook } from './store/sqlite/open.ts';
import { DEFAULT_DEFINITION_LIMITS } from './validate/limits.ts';
import { checkWithSchema, describeSchemaProblems } from './validate/schema-check.ts';
import { createEnvironmentSecrets } from './vault/environment-secrets.ts';

export interface ExecuteOptions {
  /** True: it also takes on whatever is claimable (`recover`, a daemon). */
  readonly claims?: boolean;
  readonly role?: string;
  /** Told how long commits and actions take. */
  readonly meter?: Meter;
}

export interface OpenOptions extends ExecuteOptions {
  /** True: this process executes runs it is asked for. False: it only reads and sends. */
  readonly execute: boolean;
  readonly log?: Logger;
  /** True: it only looks, and nothing is written, neither in the database nor beside it. */
  readonly looks?: boolean;
  /** True: on a full disk the reserve is spent so that the database can be opened. */
  readonly makesRoom?: boolean;
}

export type OpenedApp = Awaited<ReturnType<typeof openApp>>;
export type App = Omit<OpenedApp, 'execute' | 'audit'>;

/** Opens the application. @throws AppError when the database or a setting cannot be used */
export function openApp(config: Config, options: OpenOptions) {
  const version = programVersion();
  const store = openStore(config, options);
  const parts = orClosed(store, () =>
    createAppParts(config, options.log ?? defaultLog(config), store),
  );
  let engine = options.execute ? openEngine(config, parts, options, version) : null;
  const ops = createOps({ ...parts, engine });
  /** The same over the same store, in a process that from now on executes. */
  const execute = (executing: ExecuteOptions) => {
    engine ??= openEngine(config, parts, executing, version);
    const { audit, notify } = parts;
    const schedules = schedulesOf(parts, engine);
    return { ops: createOps({ ...parts, engine }), engine, store, audit, notify, schedules, close };
  };
  const close = async (): Promise<void> => {
    const { grace, grace_unsafe: graceUnsafe } = config.settings;
    if (engine === null) await parts.compute.close();
    else await engine.stop({ graceMs: grace, graceUnsafeMs: graceUnsafe });
    closeAudit(parts.audit, parts.log);
    store.close();
  };
  const { audit, notify } = parts;
  const schedules = schedulesOf(parts, engine);
  return Promise.resolve({ ops, engine, store, audit, notify, schedules, close, execute });
}

function openStore(config: Config, { looks, makesRoom }: OpenOptions): Store {
  if (looks === true) return openSqliteStoreToLook(config.dbPath);
  return openSqliteStore({
    path: config.dbPath,
    synchronous: config.settings.synchronous,
    isGone: (node) => isAlive({ ...node, started: node.pidStarted }) === false,
    ...(makesRoom === undefined ? {} : { makesRoom }),
  });
}

function orClosed<T>(store: Store, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    store.close();
    throw thrown;
  }
}

interface Parts extends Omit<OpsDeps, 'engine' | 'processes'> {
  readonly processes: ProcessControl;
  readonly log: Logger;
  readonly secrets: SecretSource;
  readonly notify: Notify;
  readonly outbox: OutboxOf;
}

function createAppParts(config: Config, log: Logger, store: Store): Parts {
  const { settings } = config;
  const limits = {
    maxSourceBytes: settings['limits.expression_bytes'],
    maxTextBytes: settings['limits.interpolated_bytes'],
  };
  chooseZones(settings['time.zones']);
  const compiler = createExpressionCompiler(limits);
  const evaluator = createExpressionEvaluator(limits);
  const clock = createClock();
  const secrets = createEnvironmentSecrets(config.secrets);
  const egress = createEgressPolicy({
    allow: settings['egress.allow'],
    deny: settings['egress.deny'],
  });
  const expressions = { compiler, evaluator };
  const notify = createNotify(config, { store, clock, log, secrets, egress, expressions });
  const actions = createActionRegistry(
    builtinActions({
      ...pathRules(config),
      egress,
      isHeard: notify.hears,
      commands: createCommandRunner({ passedEnv: config.passedEnv }),
      checkSchema: checkWithSchema,
    }),
  );
  return {
    store,
    clock,
    audit: openAudit(config, store, clock),
    log,
    random: RANDOMNESS,
    calculator: createCalculator(RANDOMNESS.sha256),
    compiler,
    evaluator,
    notify,
    outbox: notify.outbox,
    notices: notify.ops,
    compute: computePool(config, clock),
    actions,
    checkParams,
    splitText,
    quoteHoles,
    shellReader: { text: reviewShellText, args: reviewArguments },
    isUnlistedPlugin: () => false,
    compile: compilerOf(compiler, actions),
    knownSecrets: () => secrets.names().map(({ name }) => name),
    secrets,
    secretNames: secrets.names,
    secretDigest: digestOf(secrets),
    manual: async () => (await import('./app-manual.ts')).MANUAL,
    processes: createProcessControl(),
    upkeep: createUpkeepDeps(config),
    wakeExecutors: () => ringDaemons(store),
    config: {
      workDir: config.workDir,
      callerEnv: config.callerEnv,
      groupLimits: settings['limits.groups'],
      limits: {
        ...DEFAULT_DEFINITION_LIMITS,
        maxBytes: settings['limits.definition_bytes'],
        maxSteps: settings['limits.steps'],
        maxNesting: settings['limits.nesting'],
      },
    },
  };
}

function compilerOf(compiler: OpsDeps['compiler'], actions: ActionRegistry): OpsDeps['compile'] {
  return (definition, hash, outputSchema, rules) => {
    const compiled = compilePlan(definition, {
      compiler,
      actions,
      hash,
      rules,
      outputSchema,
      splitText,
      quoteHoles,
    });
    if (compiled.plan !== null) return compiled.plan;
    const first: Issue | undefined = compiled.problems[0];
    throw new AppError('VALIDATION_ERROR', `${first?.path ?? ''}: ${first?.message ?? 'no plan'}`, {
      details: { issues: compiled.problems.map((issue) => ({ ...issue })) },
    });
  };
}

function openEngine(
  config: Config,
  parts: Parts,
  options: ExecuteOptions,
  version: string,
): Engine {
  const self = ownIdentity();
  return createEngine({
    ...parts,
    ...meteredParts(parts, options.meter),
    config: runtimeConfig(config, options.claims ?? false),
    node: {
      nodeId: asNodeId(RANDOMNESS.uuid()),
      role: options.role ?? 'cli',
      version,
      pid: self.pid,
      pidStarted: self.started,
      bootId: self.bootId,
      host: self.host,
      pidNamespace: self.pidNamespace,
      mountNamespace: self.mountNamespace,
      uid: self.uid,
    },
    checkParams: (def, params, options) => checkParams(def, params, options),
    checkSchema: describeSchemaProblems,
    engineAction: createEngineAction(parts.compiler, parts.evaluator),
    createMasker,
    createStreamMasker,
    ownSecrets: ownSecrets(config, parts.store, parts.secrets),
    children: createChildStarter(parts, config.settings['limits.groups']),
  });
}

function runtimeConfig({ settings }: Config, claims: boolean): RuntimeConfig {
  return {
    ...DEFAULT_RUNTIME_CONFIG,
    poolSize: settings.pool_size,
    maxLiveRuns: settings['limits.live_runs'],
    onInterrupt: settings['interrupt.policy'],
    groupLimits: settings['limits.groups'],
    claims,
    leaseMs: settings['ownership.lease'],
    renewMs: settings['ownership.lease'] / 6,
    breakers: {
      enabled: settings['circuit_breaker.enabled'],
      failures: settings['circuit_breaker.failures'],
      cooldownMs: settings['circuit_breaker.cooldown'],
    },
    actionLimits: {
      httpBodyBytes: settings['limits.http_body_bytes'],
      shellOutputBytes: settings['limits.shell_output_bytes'],
      outputBytes: settings['limits.output_bytes'],
    },
    limits: {
      ...DEFAULT_ENGINE_LIMITS,
      loopIterations: settings['limits.loop_iterations'],
      openLoopIterations: settings['limits.open_loop_iterations'],
      stepExecutions: settings['limits.step_executions'],
      decisionBytes: settings['limits.decision_bytes'],
      childDepth: settings['limits.child_depth'],
      askTimeoutMs: settings['interrupt.ask_timeout'],
      agentsAnswer: settings['interrupt.agents_answer'],
    },
  };
}

function defaultLog(config: Config): Logger {
  return createLogger({
    level: config.settings.log_level,
    pretty: process.stderr.isTTY,
    color: process.stderr.isTTY && !config.noColor,
    write: (line) => {
      process.stderr.write(line);
    },
    mask: logMask(config),
    now: Date.now,
  });
}
