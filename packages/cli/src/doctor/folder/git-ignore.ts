// Checks whether git ignores a file.
import { execFile } from "node:child_process";

/** Returns whether git ignores a file; `undefined` without git or without a repository. */
export function isIgnoredByGit(folder: string, name: string): Promise<boolean | undefined> {
  const { promise, resolve } = Promise.withResolvers<boolean | undefined>();
  execFile("git", ["-C", folder, "check-ignore", "--quiet", name], (failure) => {
    if (failure === null) resolve(true);
    else resolve(failure.code === 1 ? false : undefined);
  });
  return promise;
}
