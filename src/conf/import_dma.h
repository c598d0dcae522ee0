/* dma's files: dma.conf, auth.conf, the file of the mail name; and whether there are aliases.
 */
#ifndef CONF_IMPORT_DMA_H
#define CONF_IMPORT_DMA_H

#include "conf/import.h"

enum { IMPORT_DMA_CONF, IMPORT_DMA_AUTH, IMPORT_DMA_MAILNAME, IMPORT_DMA_ALIASES };

import_reader import_dma;

#endif
