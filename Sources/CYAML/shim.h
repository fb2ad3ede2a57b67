// libyaml.
#ifndef LODESTONE_CYAML_H
#define LODESTONE_CYAML_H
#include <yaml.h>
#endif
