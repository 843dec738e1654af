/** `opcode token`: who may come in over the network. A token is printed once, when it is made. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { TOKEN_ROLES } from '../../src/ops/token-schemas.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { tokenLines } from '../print/access-lists.ts';

interface CreateOptions {
  readonly role: string;
  readonly agent?: string;
  readonly expires?: string;
  readonly name?: string;
}

export function configure(command: Command, act: Act): void {
  withExamples(
    command.addHelpText(
      'after',
      '\nAs soon as a token can be used, every request over the network needs one.',
    ),
    [
      ['opcode token create --role agent --agent build-bot', 'one agent, and no other'],
      ['opcode token revoke 3fa9', 'refuse it from now on'],
    ],
  );
  withExamples(
    command
      .command('create')
      .description('Make a token; it is shown this once')
      .requiredOption('--role <role>', TOKEN_ROLES.join(', '))
      .option('--agent <name>', 'bind it to this agent: it speaks for no other')
      .option('--expires <when>', 'a duration (30d) or an RFC 3339 time; else never')
      .option('--name <name>', 'what it is for')
      .action(act(create)),
    [
      ['opcode token create --role viewer --name dashboard --expires 90d', 'may only look'],
      ['opcode token create --role agent --agent build-bot --json', 'for scripts'],
    ],
  );
  withExamples(
    command
      .command('list')
      .description('Tokens that can be used')
      .option('--all', 'also what expired or was revoked')
      .action(act(list)),
    [
      ['opcode token list', 'roles, agents and when they were last used'],
      ['opcode token list --all --json', 'every token there ever was'],
    ],
  );
  withExamples(
    command
      .command('revoke')
      .description('Refuse a token from now on')
      .argument('<token>', 'its id, how that begins, or its name')
      .action(act(revoke)),
    [
      ['opcode token revoke 3fa9', 'by the beginning of its id'],
      ['opcode token revoke dashboard', 'by its name'],
    ],
  );
}

async function create(cli: Cli, options: CreateOptions): Promise<number> {
  const role = TOKEN_ROLES.find((each) => each === options.role);
  if (role === undefined) {
    throw new AppError('VALIDATION_ERROR', `--role: "${options.role}" is no role`, {
      hint: `there are ${TOKEN_ROLES.join(', ')}`,
    });
  }
  const app = await cli.open();
  const made = await app.ops.token_create(cli.context(), {
    role,
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    ...(options.expires === undefined ? {} : { expires: options.expires }),
    ...(options.name === undefined ? {} : { name: options.name }),
  });
  if (cli.json) cli.printJson(made);
  else {
    cli.print(made.token);
    const whose = made.agent === null ? '' : ` for the agent "${made.agent}"`;
    const until = made.expires_at === null ? 'does not expire' : `expires at ${made.expires_at}`;
    cli.note(`Token ${made.id}: role ${made.role}${whose}, ${until}. It is not shown again.`);
    cli.note('From now on every request over the network needs a token.');
  }
  return EXIT.ok;
}

async function list(cli: Cli, { all = false }: { readonly all?: boolean }): Promise<number> {
  const app = await cli.openToLook();
  const result = await app.ops.token_list(cli.context(), { all });
  if (cli.json) cli.printJson(result);
  else if (result.tokens.length === 0) {
    cli.note('No tokens: over the network only processes of this user may call.');
  } else cli.printLines(tokenLines(result.tokens, cli.terminal.stdout));
  return EXIT.ok;
}

async function revoke(cli: Cli, token: string): Promise<number> {
  const app = await cli.open();
  const revoked = await app.ops.token_revoke(cli.context(), { id: token });
  if (cli.json) cli.printJson(revoked);
  else cli.print(`Revoked ${revoked.id} (${revoked.prefix}…, role ${revoked.role}).`);
  return EXIT.ok;
}
