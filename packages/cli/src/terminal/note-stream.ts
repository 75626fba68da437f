// Adapts the notes of a world to a stream, which prompts need.
import { Writable } from "node:stream";
import type { Output } from "../world.ts";

export function streamOf(notes: Output): Writable & { readonly columns: number } {
  const write = (chunk: Buffer, _: string, done: () => void) => {
    notes.write(chunk.toString());
    done();
  };
  return Object.assign(new Writable({ write }), { columns: notes.columns, isTTY: notes.isTty });
}
