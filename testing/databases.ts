// Fake databases in this process, by host. One worker of vitest runs hundreds of test files, so the
// end of each file removes its databases.

interface Answering {
  answer(path: string, body: unknown): Promise<Response>;
}

const byHost = new Map<string, Answering>();
/** Hosts are unique, so that late work of one file never reaches the database of another. */
let count = 0;

/** @returns the database's host */
export function addDatabase(database: Answering): string {
  count += 1;
  const host = `database-${count}.invalid`;
  byHost.set(host, database);
  return host;
}

/** Limits `fetch` to these databases and to servers on this machine. */
export function openNetworkOfFakes(): void {
  const onThisMachine = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const database = byHost.get(url.host);
    if (database === undefined && url.hostname === "127.0.0.1") return onThisMachine(input, init);
    if (database === undefined) throw new Error(`A test sent a request to ${url.host}.`);
    return database.answer(url.pathname, JSON.parse(init?.body as string) as unknown);
  };
}

export function forgetDatabases(): void {
  byHost.clear();
}
