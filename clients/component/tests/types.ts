/** What compiles, and what must not. Nothing of it runs. */

import { DomainTrainingProgress, type TrainingStatus } from "aegis-training-progress";

const element = document.querySelector("domain-training-progress");
if (element) {
  element.token = "a token";
  element.run = 3;
  element.run = null;
  // @ts-expect-error a token is a text
  element.token = 5;
  // @ts-expect-error there is no such property
  element.domian = "medical";
  // @ts-expect-error it is told, not set
  element.status = null;
  const status: TrainingStatus | null = element.status;
  // @ts-expect-error it may not be known yet
  status.progress;

  element.addEventListener("training-end", ({ detail }) => detail.status.failure_reason);
  element.addEventListener("training-progress", function ({ detail }) {
    // @ts-expect-error a misspelt field
    detail.status.progres;
    return this.domain;
  });
  element.addEventListener("click", (event) => event.clientX);
}
document.createElement("domain-training-progress") satisfies DomainTrainingProgress;
