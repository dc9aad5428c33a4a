#!/usr/bin/env node
// The command as npm links it: there before anything is built, so that it is linked in the source tree, too.
import '../dist/cli/main.js';
