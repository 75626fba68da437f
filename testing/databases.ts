// The databases in this process, by host. A worker runs hundreds of test files, so the end of each
// file removes its databases from memory.

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

export function databaseAt(host: string): Answering | undefined {
  return byHost.get(host);
}

export function forgetDatabases(): void {
  byHost.clear();
}
