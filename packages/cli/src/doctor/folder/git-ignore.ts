// Asks git whether it would take a file.
import { execFile } from "node:child_process";

/** @returns `undefined` where git cannot tell: there is no git, or no repository */
export function isIgnoredByGit(folder: string, name: string): Promise<boolean | undefined> {
  const { promise, resolve } = Promise.withResolvers<boolean | undefined>();
  execFile("git", ["-C", folder, "check-ignore", "--quiet", name], (failure) => {
    if (failure === null) resolve(true);
    else resolve(failure.code === 1 ? false : undefined);
  });
  return promise;
}
