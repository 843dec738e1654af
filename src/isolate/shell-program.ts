/** What a program makes of its words: which of them are program text, and of which language. */

export interface Program {
  /** Which operands are program text. */
  readonly text?: 'all' | 'first' | 'rest';
  /** Options whose value is program text. */
  readonly letters?: string;
  readonly long?: readonly string[];
  /** Options with a value that is no text. */
  readonly valued?: string;
  readonly valuedLong?: readonly string[];
  /** Those of them with two values. */
  readonly pairs?: readonly string[];
  /** Options of one dash and several letters whose value is program text. */
  readonly dashed?: readonly string[];
  /** A word that begins with `+` is program text. */
  readonly plus?: boolean;
  /** Text only where what stands before the value is of this form. */
  readonly only?: RegExp;
  /** What stands before a value that the text hands on to a shell. */
  readonly escape?: RegExp;
  /** Options whose value is `key=value`, and the keys whose value is shell text. */
  readonly settings?: {
    readonly letters?: string;
    readonly long?: readonly string[];
    readonly keys: RegExp;
  };
  /** The first operand is the key of a setting, what follows its value. */
  readonly keyed?: RegExp;
  /** By the name of its first operand: what that makes of the words behind it. */
  readonly sub?: Readonly<Record<string, Program>>;
  /** It starts another program, named after so many operands of its own. */
  readonly wraps?: number;
  /** It reads program text from its standard input: always, or when it has no operand. */
  readonly stdin?: 'always' | 'bare';
  /** The language of its text; without it the text is shell text, or a command line. */
  readonly language?: string;
}
