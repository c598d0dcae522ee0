/* esmtp's one file. */
#ifndef CONF_IMPORT_ESMTP_H
#define CONF_IMPORT_ESMTP_H

#include "conf/import.h"

import_reader import_esmtp;

#endif
