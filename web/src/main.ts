/** The page. */

import { createApp } from './shell/app.ts';
import { startRouter } from './shell/router.ts';

const app = createApp();
// The device opens and the weights come while the view loads; views tell what fails.
app.lifter().catch(() => {});
startRouter(app);
