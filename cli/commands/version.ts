/** `opcode version`: which release this is and what it runs on. */
import type { Command } from 'commander';
import { chooseZones, type ZoneFacts, zoneFacts } from '../../src/app-zones.ts';
import { AppError } from '../../src/model/error.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { release } from '../version.ts';

export function configure(command: Command, act: Act): void {
  withExamples(command.action(act(version)), [
    ['opcode version', 'version, commit, platform'],
    ['opcode version --json', 'for scripts'],
  ]);
}

/** Those of the settings; of the program itself where settings cannot be used. */
function zonesOf(cli: Cli): ZoneFacts {
  try {
    chooseZones(cli.config().settings['time.zones']);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
  }
  return zoneFacts();
}

async function version(cli: Cli): Promise<number> {
  const facts = {
    ...release(),
    bun: Bun.version,
    platform: `${process.platform}-${process.arch}`,
    time_zones: zonesOf(cli),
  };
  if (cli.json) cli.printJson(facts);
  else cli.print(`opcode ${facts.version} (${facts.commit}), Bun ${facts.bun}, ${facts.platform}`);
  return EXIT.ok;
}
