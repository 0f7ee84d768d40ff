import { fileKeys, remoteKeys } from './provided-keys.ts';
import { providerSuite } from './provider-suite.ts';

providerSuite('keys from files', fileKeys);
providerSuite('keys of a remote signer', remoteKeys);
