/**
 * Ctrl-C, SIGTERM and a closed terminal, as calls. While somebody listens none of them ends the
 * process by itself.
 */

export interface InterruptHandlers {
  /** The first Ctrl-C (or a terminal that was closed). */
  readonly first: () => void;
  /** Every one after that. */
  readonly again: () => void;
  /** SIGTERM. */
  readonly terminate: () => void;
}

/** Listens until the returned function is called. */
export function onInterrupts(handlers: InterruptHandlers): () => void {
  let count = 0;
  const interrupt = (): void => {
    count += 1;
    if (count === 1) handlers.first();
    else handlers.again();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGHUP', interrupt);
  process.on('SIGTERM', handlers.terminate);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGHUP', interrupt);
    process.off('SIGTERM', handlers.terminate);
  };
}
