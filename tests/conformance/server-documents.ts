import { DocumentedAnswers } from '../support/documented-answers.ts';
import { DocumentedMessages } from '../support/documented-messages.ts';

/** What the documents promise; whatever a server says in these suites is held against them. */
export const DOCUMENTS = { answers: new DocumentedAnswers(), messages: new DocumentedMessages() };
