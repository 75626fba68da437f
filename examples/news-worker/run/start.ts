// `npm start`: the news site in two colos on this machine, until Ctrl-C.
import { parseArgs } from "node:util";
import { editorPassword, startNewsSite } from "./news-site.ts";
import { readerPassword } from "./seed.ts";

const { values } = parseArgs({ options: { port: { type: "string", default: "8787" } } });
const { promise: asked, resolve: stop } = Promise.withResolvers<void>();
const site = await startNewsSite({ port: Number(values.port), hasCron: true });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // Remove the runtime simulator's handlers, which exit before all parts have stopped.
  process.removeAllListeners(signal);
  process.on(signal, stop);
}
const [first, second] = site.urls;
process.stdout.write(`The Skerrow Post runs. Ctrl-C ends it.

  ${first}         colo-1
  ${second}         colo-2
  ${first}/editor  the editor's desk: editor, ${editorPassword}
  ${first}/me      a reader's page: ada or bao, ${readerPassword}

For the commands of README.md, in another terminal:

  export A=${first} B=${second} REDIS_PID=${site.valkey.pid}
`);
await asked;
await site.stop();
