// `tidemark explain`: explains how the site would answer a request.
import { exitCode } from "../command-error.ts";
import { type AddCommand, type Field, headerField, type Session, urlOrPath } from "../session.ts";
import { explanationLines } from "../texts/explanation.ts";

interface ExplainOptions {
  readonly method?: string;
  readonly header?: readonly Field[];
}

export const addExplain: AddCommand = (program, act) => {
  program
    .command("explain")
    .summary("why a page is a hit, a miss, or never stored")
    .description(
      "Explains how the site would answer a request. Sends nothing to the origin, and stores nothing. One isolate answers, which does not see responses in the memory of other isolates.",
    )
    .argument("<url>", "the URL, or a path of the site", urlOrPath)
    .option("--method <method>", "the request method (default: GET)")
    .option(
      "--header <field>",
      'a request field, as "Name: value"; may be given several times',
      headerField,
    )
    .addHelpText("after", examples)
    .action(act<ExplainOptions>(explain));
};

const examples = `
Examples:
  tidemark explain /news/42
  tidemark explain "https://www.example.com/news?page=2" --method HEAD
  tidemark explain /news --header "Accept-Language: de" --json`;

async function explain(session: Session, options: ExplainOptions, [url = ""]: readonly string[]) {
  const { terminal } = session;
  const client = await session.client();
  const header = options.header?.map((field) => field.join(": "));
  const explanation = await client.json("explain", {
    query: { url, method: options.method, header },
  });
  const text = explanationLines(explanation);
  terminal.json({ ...explanation, text });
  for (const line of text) terminal.print(line);
  return exitCode.done;
}
