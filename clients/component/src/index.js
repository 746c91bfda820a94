/** Defines the elements. */

import { DomainTrainingProgress } from "./domain_training_progress.js";
import { PARTS } from "./training_parts.js";

const elements = { "domain-training-progress": DomainTrainingProgress, ...PARTS };
for (const [name, element] of Object.entries(elements)) {
  if (!customElements.get(name)) customElements.define(name, element);
}

export { DomainTrainingProgress };
