/** Rows of the reference's table "What differs from gojq", and which of them explains a difference. */
import { isJsonArray, isJsonObject, type Json } from '../../src/model/json.ts';
import type { Answer } from './original.ts';

export interface JqRequest {
  readonly program: string;
  readonly input: Json;
  readonly args: Readonly<Record<string, Json>>;
}

interface Difference {
  readonly row: string;
  /** A text that the program holds. */
  readonly program?: RegExp;
  /** A text of what is said here. */
  readonly ours?: RegExp;
  /** A text of what gojq says. */
  readonly theirs?: RegExp;
  readonly input?: (request: JqRequest) => boolean;
}

const DIFFERENCES: readonly Difference[] = [
  { row: 'key-order', input: ({ input, args }) => isUnsorted(input) || isUnsorted(args) },
  { row: 'key-order', program: /keys_unsorted/ },
  { row: 'own-names', theirs: /(function|variable) not defined/ },
  { row: 'text-index', ours: /Cannot index string with number/ },
  { row: 'question-mark', program: /\]\)?\?/, ours: /"ok":false/ },
  { row: 'question-mark', program: /\]\)?\?/, theirs: /"ok":false/ },
  { row: 'text-index', program: /\.\[[^\]]*\]\?|getpath/ },
  { row: 'other-types', theirs: /cannot be applied to|invalid path against/ },
  { row: 'other-types', ours: /Cannot index null with null/ },
  { row: 'messages', program: /catch/ },
  { row: 'empty-update', program: /reduce|foreach/ },
  { row: 'number-text', ours: /\dE[+-]?\d|E%2B/ },
  {
    row: 'number-text',
    program: /@base64/,
    input: (request) => /\de[+-]/.test(JSON.stringify(request)),
  },
  { row: 'large-integers', ours: /"-?\d{16,}"/ },
  { row: 'regex', program: /\\\\[wds]|\\[wds]|\$"/ },
  { row: 'dates', program: /fromdate|todate|strptime|strftime|mktime|gmtime/ },
  { row: 'syntax', program: /^\+|\{@/ },
  { row: 'gamma', program: /gamma/ },
  { row: 'base64d', program: /@base64d/ },
  { row: 'question-mark', program: /\]\)?\?/ },
];

/** Names the row that explains a difference, null when none does. */
export function explainJq(request: JqRequest, ours: Answer, theirs: Answer): string | null {
  const [here, there] = [JSON.stringify(ours), JSON.stringify(theirs)];
  const found = DIFFERENCES.find(
    (one) =>
      (one.program?.test(request.program) ?? true) &&
      (one.ours?.test(here) ?? true) &&
      (one.theirs?.test(there) ?? true) &&
      (one.input?.(request) ?? true),
  );
  return found?.row ?? null;
}

/** True for a value that holds an object whose keys are not in their order. */
function isUnsorted(value: Json): boolean {
  if (isJsonArray(value)) return value.some(isUnsorted);
  if (!isJsonObject(value)) return false;
  const keys = Object.keys(value);
  return keys.some((key, i) => key < (keys[i - 1] ?? '')) || Object.values(value).some(isUnsorted);
}
