// The name of a release: the build of a site that its origin runs.

/** A commit, a tag of a version, or a UUID. All these characters may be part of an ETag. */
export const releaseIdPattern = /^[\w.:+-]{1,128}$/;

/** Returns whether the text can name a release. */
export function isReleaseId(text: unknown): text is string {
  return typeof text === "string" && releaseIdPattern.test(text);
}

/** The form of a name, for error messages. */
export const releaseIdForm =
  'up to 128 letters, digits and the characters ".", "_", ":", "+" and "-"';
