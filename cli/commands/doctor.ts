/** `opcode doctor`: looks at everything that has to be right, and says what to do. Changes nothing. */
import type { Command } from 'commander';
import type { Finding, Level } from '../../src/app-doctor-finding.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import type { Style } from '../print/style.ts';
import { counted, printable } from '../print/text.ts';

export function configure(command: Command, act: Act): void {
  withExamples(
    command.action(act(doctor)).addHelpText('after', '\nExit code 1 when something has failed.'),
    [
      ['opcode doctor', 'each line: ok, warn or fail, and what to do'],
      ['opcode doctor --json', 'for a program'],
    ],
  );
}

const AREA_WIDTH = 9;

async function doctor(cli: Cli): Promise<number> {
  const { examine } = await import('../../src/app-doctor.ts');
  const { style } = cli.terminal.stdout;
  const findings: Finding[] = [];
  await examine(cli.configToLook('everything'), (finding) => {
    findings.push(finding);
    if (!cli.json) cli.printLines(linesOf(finding, style));
  });
  const count = (level: Level): number => findings.filter((each) => each.level === level).length;
  const ok = count('fail') === 0;
  if (cli.json) cli.printJson({ ok, findings });
  else {
    const warnings = counted(count('warn'), 'warning');
    cli.print(
      ok
        ? `\nNothing has failed, ${warnings}.`
        : `\n${counted(count('fail'), 'failure')}, ${warnings}.`,
    );
  }
  return ok ? EXIT.ok : EXIT.failed;
}

function linesOf({ area, level, text, hint }: Finding, style: Style): string[] {
  const color = { ok: style.green, warn: style.yellow, fail: style.red }[level];
  const line = `${color(level.padEnd(4))}  ${area.padEnd(AREA_WIDTH)}  ${printable(text)}`;
  return hint === undefined
    ? [line]
    : [line, style.dim(`      ${' '.repeat(AREA_WIDTH)}  ${printable(hint)}`)];
}
