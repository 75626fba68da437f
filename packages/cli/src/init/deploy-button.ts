// The button in the README of a new site, with which others deploy a copy of its repository.
import { join } from "node:path";
import { textIfThere } from "../wrangler/wrangler-file.ts";

/**
 * Returns the address of the folder's repository at GitHub or GitLab, without credentials, which a remote's URL may
 * contain; `undefined` without such a remote.
 */
export async function repositoryOf(folder: string): Promise<string | undefined> {
  const config = (await textIfThere(join(folder, ".git/config"))) ?? "";
  const [, remote = ""] = /^\[remote "origin"\][^[]*?^\s*url\s*=\s*(\S+)/m.exec(config) ?? [];
  const [, host, path] = remoteForm.exec(remote) ?? [];
  return path === undefined ? undefined : `https://${host}/${path}`;
}

const remoteForm =
  /^(?:https:\/\/(?:[^@/]*@)?|ssh:\/\/git@|git@)(github\.com|gitlab\.com)[:/]([\w.-]+(?:\/[\w.-]+?)+?)(?:\.git)?\/?$/;

/** The end of the README: the button that deploys a copy of the repository. */
const buttonPart = /\n\[!\[Deploy to Cloudflare\][^]*$/;
const repositoryInTemplate = "https://github.com/OWNER/REPOSITORY/tree/main/templates/site";

/**
 * Returns a file of the template, with the address of the repository in the deploy button.
 *
 * @param repository `undefined` for a README without the button
 */
export function withRepository(text: string, repository: string | undefined): string {
  return repository === undefined
    ? text.replace(buttonPart, "")
    : text.replace(repositoryInTemplate, repository);
}
