// The databases in this process, by host. A worker runs hundreds of files: each file's are forgotten at its end,
// so that what they hold does not add up in its memory.

interface Answering {
  answer(path: string, body: unknown): Promise<Response>;
}

const byHost = new Map<string, Answering>();
/** A host is not given twice: late work of one file never reaches the database of another. */
let count = 0;

/** @returns its host */
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
