/** What to say to who gave a name that there is not. */
import { suggestion } from '../core/graph-nearest.ts';

/** `did you mean "x"?` for the nearest of the known names, else what is said when none is near. */
export const meantOr = (name: string, known: Iterable<string>, otherwise: string): string =>
  suggestion(name, known) ?? otherwise;
