/* ssmtp's files: ssmtp.conf and revaliases. */
#ifndef CONF_IMPORT_SSMTP_H
#define CONF_IMPORT_SSMTP_H

#include "conf/import.h"

enum { IMPORT_SSMTP_CONF, IMPORT_SSMTP_REVALIASES };

import_reader import_ssmtp;

#endif
