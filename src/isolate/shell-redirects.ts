/** Redirections, here-documents and the ends of lines while shell text is read. */
import { enterFrame, finishCommand, newCommand } from './shell-commands.ts';
import { type CommandFrame, type HeredocFrame, type ScanState, skipBreaks } from './shell-state.ts';

const HEREDOC = /<<(-?)[ \t]*((?:'[^']*'|"[^"]*"|\\[\s\S]|[^\s;&|<>()'"\\])*)/y;

/** `<` or `>` with what belongs to it. Answers how much was read. */
export function stepRedirect(
  state: ScanState,
  frame: CommandFrame,
  text: string,
  at: number,
): number {
  const character = text[at] ?? '';
  const second = skipBreaks(text, at + 1);
  const next = text[second] ?? '';
  if (next === '(' && !frame.words.inTest()) {
    const list = newCommand(character === '<' ? 'input' : 'output', frame);
    frame.words.expansion(null);
    enterFrame(state, list);
    return second + 1 - at;
  }
  if (character === '<' && next === '<') return hereOperator(state, frame, text, at, second);
  frame.words.redirect('file');
  return next !== '' && '>&|<'.includes(next) ? second + 1 - at : 1;
}

/** `<<<`, or the operator of a here-document with its end word. */
function hereOperator(
  state: ScanState,
  frame: CommandFrame,
  text: string,
  at: number,
  second: number,
): number {
  const third = skipBreaks(text, second + 1);
  if (text[third] === '<') {
    frame.words.redirect('string');
    return third + 1 - at;
  }
  frame.words.redirect('file');
  HEREDOC.lastIndex = at;
  const match = HEREDOC.exec(text);
  if (match === null) {
    // A line break between the signs: which word ends it is not worth finding out.
    state.unclear = true;
    return second + 1 - at;
  }
  const [whole, dash, word = ''] = match;
  state.isAtHeredocWord = at + whole.length >= text.length;
  // An expansion in the end word is taken literally by some shells.
  if (word === '' || /[$`]|\\\n/.test(word)) state.unclear = true;
  frame.due.push({ word: word.replace(/['"\\]/g, ''), stripsTabs: dash === '-' });
  // The end word was the target.
  frame.words.quote();
  frame.words.blank();
  return whole.length;
}

/** The end of a line: of the command too, unless a pipe is open. */
export function stepNewLine(state: ScanState, frame: CommandFrame): number {
  const goesOn = frame.isPiping && frame.words.atCommand();
  if (!goesOn) {
    finishCommand(state, frame);
    frame.pipes.next();
    frame.isPiping = false;
  }
  for (const doc of frame.due.splice(0).reverse()) {
    state.frames.push({ in: 'heredoc', doc, line: '' });
  }
  return 1;
}

/** A character of a here-document. */
export function stepHeredoc(
  state: ScanState,
  frame: HeredocFrame,
  text: string,
  at: number,
): number {
  const character = text[at] ?? '';
  if (character !== '\n') {
    frame.line += character;
    return 1;
  }
  const line = frame.doc.stripsTabs ? frame.line.replace(/^\t+/, '') : frame.line;
  if (line === frame.doc.word) state.frames.pop();
  // Where the end word is not quoted the next line belongs to this one.
  if (line.endsWith('\\')) state.unclear = true;
  frame.line = '';
  return 1;
}
