/** Lists of commands while shell text is read: where one ends, and what reaches it by a pipe. */
import { createPipes } from './shell-pipes.ts';
import { type CommandFrame, type ScanState, skipBreaks } from './shell-state.ts';
import { createWordWatch } from './shell-words.ts';

/** A list of commands that begins here; `around` is the command it belongs to. */
export function newCommand(kind: CommandFrame['kind'], around: CommandFrame | null): CommandFrame {
  const pipes = createPipes();
  return {
    in: 'command',
    kind,
    isText: kind === 'input' && around?.words.readsFile() === true,
    parens: 0,
    words: createWordWatch(pipes),
    pipes,
    due: [],
    fed: [],
    isPiping: false,
  };
}

export const enterFrame = (state: ScanState, frame: CommandFrame): void =>
  void state.frames.push(frame);

/** A command ends: what it reads may have been program text. */
export function finishCommand(state: ScanState, frame: CommandFrame): void {
  const fed = frame.fed;
  frame.fed = [];
  const text = frame.words.finish();
  if (text === null) return;
  state.stdin = state.stdin?.kind === 'shell' ? state.stdin : text;
  const reached = new Set(fed);
  let whole = false;
  for (const around of state.frames.toReversed()) {
    if (around.in !== 'command') continue;
    for (const hole of around.pipes.read(whole)) reached.add(hole);
    whole = around.kind === 'output';
  }
  for (const hole of reached) state.holes[hole]?.texts.push(text);
}

/** `;`, `&`, `|` and their doubles. Answers how much was read. */
export function operator(
  state: ScanState,
  frame: CommandFrame,
  character: string,
  text: string,
  at: number,
): number {
  const second = skipBreaks(text, at + 1);
  finishCommand(state, frame);
  const isDouble = text[second] === character;
  frame.isPiping = character === '|' && !isDouble;
  if (frame.isPiping) frame.pipes.pipe();
  else frame.pipes.next();
  const isPipeOfBoth = character === '|' && text[second] === '&';
  return isDouble || isPipeOfBoth ? second + 1 - at : 1;
}

/** `)`: ends a group, a pattern of `case`, or the whole list. Answers how much was read. */
export function closeParen(state: ScanState, frame: CommandFrame): number {
  if (frame.parens > 0) {
    finishCommand(state, frame);
    frame.parens -= 1;
    frame.pipes.close();
  } else if (frame.words.inCase()) frame.words.finish();
  else {
    finishCommand(state, frame);
    if (state.frames.length > 1) {
      if (frame.due.length > 0) state.unclear = true;
      state.frames.pop();
    }
  }
  return 1;
}
