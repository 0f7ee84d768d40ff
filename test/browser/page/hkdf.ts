import { hkdfExpand } from '#hkdf';
import { hkdfSuite } from '../../unit/core/hkdf-suite.ts';

hkdfSuite('as a page has it', hkdfExpand);
