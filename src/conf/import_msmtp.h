/* msmtp's file, which is ours but for words of old: comments, order and inheritance stay. */
#ifndef CONF_IMPORT_MSMTP_H
#define CONF_IMPORT_MSMTP_H

#include "conf/import.h"

import_reader import_msmtp;

#endif
