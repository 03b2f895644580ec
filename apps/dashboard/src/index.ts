export { runReport } from './report/run-report.js';
export { startDashboard } from './start-dashboard.js';

export type { Dashboard, DashboardOptions } from './start-dashboard.js';
export type { RunPlace } from './sources/watch-run.js';
