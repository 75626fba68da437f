// `tidemark dashboard`: prints a token for the dashboard, which only reads, and expires within an hour.
import { exitCode } from "../command-error.ts";
import type { AddCommand, Session } from "../session.ts";

export const addDashboard: AddCommand = (program, act) => {
  program
    .command("dashboard")
    .summary("print a token for the dashboard, which only reads")
    .description(
      "Prints the token that the dashboard asks for, so that nobody types ADMIN_TOKEN into a page. It can only read, expires within an hour, and is valid only at the host of --site, which is operatorHost if the configuration has one. The command sends nothing.",
    )
    .addHelpText("after", examples)
    .action(act(dashboard));
};

const examples = `
Examples:
  tidemark dashboard
  tidemark dashboard --site https://ops.example.com`;

async function dashboard(session: Session) {
  const { terminal } = session;
  const client = await session.client();
  const { token, expiresAtMs } = await client.readToken();
  const url = `${client.site.origin}${client.site.operatorPath}/`;
  const expires = new Date(expiresAtMs).toISOString();
  terminal.json({ url, token, expires });
  terminal.print(token);
  terminal.note(`Paste this token at ${url}. It can only read, until ${expires}.`);
  return exitCode.done;
}
