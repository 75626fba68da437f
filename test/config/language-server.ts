// TypeScript's language server, asked as an editor asks it.
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}

/**
 * @param text of a module that need not be on disk
 * @param path where it would be
 * @param words each is asked about where it stands first
 * @returns what an editor shows over each word
 */
export async function hoversOver(text: string, path: string, words: readonly string[]) {
  const server = spawn(resolve("node_modules/.bin/tsc"), ["--lsp", "--stdio"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const answers = new Map<number, (result: unknown) => void>();
  let received = Buffer.alloc(0);
  let count = 0;
  const send = (message: Message) => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const ask = (method: string, params: unknown) =>
    new Promise<unknown>((answer) => {
      count += 1;
      answers.set(count, answer);
      send({ id: count, method, params });
    });
  const read = ({ id, method, result }: Message) => {
    if (id === undefined) return;
    if (method === undefined) answers.get(id)?.(result);
    else send({ id, result: null });
  };
  server.stdout.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    for (;;) {
      const headEnd = received.indexOf("\r\n\r\n");
      const [, length = ""] = /Content-Length: (\d+)/i.exec(received.toString("latin1")) ?? [];
      const end = headEnd + 4 + Number(length);
      if (headEnd < 0 || received.length < end) return;
      const body = received.subarray(headEnd + 4, end).toString();
      received = received.subarray(end);
      read(JSON.parse(body) as Message);
    }
  });
  try {
    const uri = pathToFileURL(resolve(path)).href;
    const capabilities = { textDocument: { hover: { contentFormat: ["markdown"] } } };
    const rootUri = pathToFileURL(resolve(".")).href;
    await ask("initialize", { processId: process.pid, rootUri, capabilities });
    send({ method: "initialized", params: {} });
    const textDocument = { uri, languageId: "typescript", version: 1, text };
    send({ method: "textDocument/didOpen", params: { textDocument } });
    return await Promise.all(
      words.map(async (word) => {
        const before = text.slice(0, text.indexOf(word)).split("\n");
        const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
        const hover = await ask("textDocument/hover", { textDocument: { uri }, position });
        return (hover as { contents: { value: string } } | null)?.contents.value ?? "";
      }),
    );
  } finally {
    server.kill();
  }
}
