// A planted fault: purges judge an entry by the end of its load.
import { documentedHandler } from "./documented.js";

export default documentedHandler(() => Date.now());
