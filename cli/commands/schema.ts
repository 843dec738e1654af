/** `opcode schema`: the JSON Schema of a workflow file, for editors. */
import type { Command } from 'commander';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';

export function configure(command: Command, act: Act): void {
  withExamples(command.action(act(schema)), [
    ['opcode schema > workflow.schema.json', 'for the "$schema" of your files'],
    ['opcode schema --json', 'on one line'],
  ]);
}

async function schema(cli: Cli): Promise<number> {
  const app = await cli.openToLook({ needsData: false });
  const result = await app.ops.schema(cli.context(), {});
  if (cli.json) cli.printJsonLine(result.schema);
  else cli.print(JSON.stringify(result.schema, null, 2));
  return EXIT.ok;
}
