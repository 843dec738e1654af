/**
 * Commands of bash whose arguments are names of variables: a name may have a subscript, and bash
 * calculates it, running what is in it.
 */
import {
  ARITHMETIC,
  type Args,
  NO_ARGS,
  RUN_VARIABLE,
  SHELL_TEXT,
  type Text,
  type Word,
} from './shell-word.ts';

const ASSIGNED = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;

/** The reader of such a command's arguments, null for any other command. */
export function nameArgs(command: string): Args | null {
  switch (command) {
    case 'let':
    case 'unset':
    case 'read':
    case 'mapfile':
    case 'readarray':
    case 'getopts':
      return { ...NO_ARGS, textAt: () => ARITHMETIC };
    case 'declare':
    case 'typeset':
    case 'local':
    case 'export':
    case 'readonly':
      return declaringArgs();
    case 'printf':
      return behindOption(/^-v$/, /^-v/);
    case 'wait':
      return behindOption(/^-[fn]*p$/, /^-[fn]*p/);
    case 'test':
    case '[':
      return behindOption(/^-[vR]$/, null);
    default:
      return null;
  }
}

/** `declare NAME=VALUE`: a value is safe behind `=`, unless the variable is a number or an array. */
function declaringArgs(): Args {
  let calculates = false;
  return {
    ...NO_ARGS,
    textAt(begin: Word): Text | null {
      if (RUN_VARIABLE.test(begin.text)) return SHELL_TEXT;
      return calculates || !ASSIGNED.test(begin.text) ? ARITHMETIC : null;
    },
    end({ text }) {
      calculates ||= /^[-+][A-Za-z]*[iaAn]/.test(text);
    },
  };
}

/** Only what stands behind an option is a name. */
function behindOption(option: RegExp, attached: RegExp | null): Args {
  let isName = false;
  return {
    ...NO_ARGS,
    textAt: (begin) => (isName || attached?.test(begin.text) === true ? ARITHMETIC : null),
    end({ text }) {
      isName = option.test(text);
    },
  };
}
