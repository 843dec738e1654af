/**
 * What is wrong with a field of an operation's input, in words for whoever sent it.
 *
 * A schema that brings a message of its own is left to say it; the library's general ones are about
 * schemas, not about fields.
 */
import type * as v from 'valibot';

type Issue = Pick<
  v.BaseIssue<unknown>,
  'type' | 'expected' | 'received' | 'message' | 'requirement' | 'path' | 'input'
>;

const GENERAL = /^Invalid [a-z ]+: /;
const SHOWN = 60;

/** The end of a sentence that begins with the name of the field. */
export function wordsOf(issue: Issue): string {
  if (!GENERAL.test(issue.message)) return issue.message;
  if (issue.expected === 'never') return 'is no field';
  if (issue.received === 'undefined' && issue.path !== undefined) return 'is missing';
  return limitWords(issue) ?? `must be ${kinds(issue)}, not ${shown(issue.received)}`;
}

function limitWords({ type, requirement, input, received }: Issue): string | null {
  const unit = typeof input === 'string' ? 'characters' : 'entries';
  switch (type) {
    case 'integer':
    case 'safe_integer':
      return `must be a whole number, not ${shown(received)}`;
    case 'min_value':
      return `must be ${requirement} or more, not ${shown(received)}`;
    case 'max_value':
      return `must be at most ${requirement}, not ${shown(received)}`;
    case 'non_empty':
      return 'must not be empty';
    case 'min_length':
      return `must have at least ${requirement} ${unit}, not ${received}`;
    case 'max_length':
      return `must have at most ${requirement} ${unit}, not ${received}`;
    default:
      return null;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  Array: 'a list',
  Object: 'an object',
};

/** What is allowed: kinds of values, or the values themselves. */
function kinds({ expected }: Issue): string {
  const each = (expected ?? 'something else')
    .replace(/^\((.*)\)$/, '$1')
    .split(' | ')
    .map((kind) => KINDS[kind] ?? kind.replace(/^"(.*)"$/, '$1'));
  if (each.length === 1) return each.join('');
  const isListOfWords = !(expected ?? '').split(/[( |)]+/).some((kind) => kind in KINDS);
  return isListOfWords ? `one of ${each.join(', ')}` : each.join(' or ');
}

const shown = (received: string): string => {
  const text = KINDS[received] ?? received;
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
};
