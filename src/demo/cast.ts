/** Who plays in the demo: what an agent works on, what may go wrong, and what it has to say. */
export type Role = {
  readonly agentId: string;
  readonly projectId: string;
  readonly tasks: readonly string[];
  readonly troubles: readonly string[];
  readonly remarks: readonly string[];
};

export const CAST: readonly Role[] = [
  {
    agentId: 'researcher',
    projectId: 'market-report',
    tasks: ['Collect sources on battery prices', 'Read the annual reports', 'Check last quarter for changes'],
    troubles: ['the archive asks for a login', 'two sources contradict each other'],
    remarks: ['Found a newer edition of the same study', 'This source has no date, leaving it out'],
  },
  {
    agentId: 'analyst',
    projectId: 'market-report',
    tasks: ['Clean the price series', 'Fit the demand model', 'Compare with the forecast of last year'],
    troubles: ['the series has a hole in March', 'the model does not converge'],
    remarks: ['One outlier explains most of the change', 'Using the monthly average instead'],
  },
  {
    agentId: 'writer',
    projectId: 'market-report',
    tasks: ['Outline the report', 'Write the summary', 'Draw the charts'],
    troubles: ['waiting for the numbers of chapter 2', 'the chart tool does not answer'],
    remarks: ['Shortened the introduction by half', 'Chapter 3 needs a better example'],
  },
  {
    agentId: 'coder',
    projectId: 'checkout-service',
    tasks: ['Split the payment handler', 'Add retries to the mailer', 'Write the migration'],
    troubles: ['the build breaks on main', 'needs a decision about old orders'],
    remarks: ['The retry needs a limit, added one', 'Found dead code in the basket'],
  },
  {
    agentId: 'tester',
    projectId: 'checkout-service',
    tasks: ['Cover the refund path', 'Reproduce the double charge', 'Run the load test'],
    troubles: ['the test database is locked', 'one test fails now and then'],
    remarks: ['The double charge needs two clicks within 80 ms', 'All green on the third browser'],
  },
  {
    agentId: 'reviewer',
    projectId: 'checkout-service',
    tasks: ['Review the payment handler', 'Review the migration', 'Check the error texts'],
    troubles: ['waiting for an answer of the author', 'the change is too large to judge'],
    remarks: ['Two small questions, otherwise good', 'Asked for a test of the empty basket'],
  },
];
