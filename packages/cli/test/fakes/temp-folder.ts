// A temporary folder. Each test gets a new folder, which is deleted after the test.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";

export function tempFolder() {
  let path = "";
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "tidemark-test-"));
  });
  afterEach(() => rm(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
    async write(name: string, text: string): Promise<void> {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), text);
    },
  };
}
