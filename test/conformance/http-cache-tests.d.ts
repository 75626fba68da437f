// The list of tests of the npm release, which comes without types.
declare module "http-cache-tests/tests/*" {
  const suites: unknown;
  export default suites;
}
