/**
 * Which values reach which command through a pipe: the pipelines of a list of commands, with the
 * groups (`{ }`, `( )`, `if`, loops) they are made of.
 */

interface Pipeline {
  /** Values in its commands before the last `|`. */
  before: number[];
  /** Values in the command after it. */
  current: number[];
  /** A command of it reads program text from what is put into it. */
  reads: boolean;
  /** What the command writes goes to one that reads program text. */
  feeds: boolean;
}

export interface Pipes {
  /** A value stands here. */
  value(hole: number): void;
  pipe(): void;
  /** The list goes on with another pipeline. */
  next(): void;
  /** A group begins or ends. */
  open(): void;
  close(): void;
  /**
   * A command here reads program text from its standard input; answers the values that reach it.
   * With `whole`, those of the commands around it too, as for `>( … )`.
   */
  read(whole: boolean): readonly number[];
  /** True when a command of the pipeline reads program text. */
  isRead(): boolean;
  /** True when what the current command writes is read as program text. */
  isFeeding(): boolean;
}

const empty = (): Pipeline => ({ before: [], current: [], reads: false, feeds: false });

export function createPipes(): Pipes {
  const stack: Pipeline[] = [empty()];
  const top = (): Pipeline => stack.at(-1) ?? empty();
  return {
    value(hole) {
      for (const pipeline of stack) pipeline.current.push(hole);
    },
    pipe() {
      const pipeline = top();
      pipeline.before.push(...pipeline.current.splice(0));
      pipeline.feeds = false;
    },
    next() {
      stack[stack.length - 1] = empty();
    },
    open: () => void stack.push(empty()),
    close() {
      if (stack.length > 1) stack.pop();
    },
    read(whole) {
      for (const pipeline of stack) {
        pipeline.reads = true;
        pipeline.feeds ||= whole;
      }
      return stack.flatMap(({ before, current }) => (whole ? [...before, ...current] : before));
    },
    isRead: () => top().reads,
    isFeeding: () => stack.some(({ feeds }) => feeds),
  };
}
